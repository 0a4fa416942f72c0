"""logonbell rings when someone logs on."""

__version__ = "0.1.0"
