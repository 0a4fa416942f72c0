"""What Windows writes, without whom it is about: records that can be shown to strangers."""
