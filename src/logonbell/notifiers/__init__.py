"""What takes notifications to people, one module per far side."""
