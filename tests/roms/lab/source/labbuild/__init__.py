"""The lab ROM's build: scenes as data, the steps around the demo's generator, and the truth file."""
