"""SSM sessions of a host, from the SSM agent's state files and logs; nothing is asked of AWS."""
