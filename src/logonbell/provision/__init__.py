"""What logonbell sets up on a machine, and takes down again."""
