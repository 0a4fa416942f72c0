"""Every reason why a logon might not ring, each with its remedy: pure judgements of facts that others gather."""
