"""What gives events: files now, live logs later."""
