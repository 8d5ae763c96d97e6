"""What the deployer and the parser have in common: how they refuse, and how their messages are kept."""
