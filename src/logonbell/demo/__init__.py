"""The demo: a day on a bastion is written, the real agent follows it, and what reaches its receiver is shown."""
