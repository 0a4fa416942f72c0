"""Linux's own: the unit of systemd, what systemd is told, who may write where."""
