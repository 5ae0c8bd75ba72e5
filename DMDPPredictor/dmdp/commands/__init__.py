"""The commands of the core, one file each; importing them is cheap, running them is not."""
