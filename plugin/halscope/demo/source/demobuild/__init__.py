"""The demo ROM's build: from art to tiles, packed blocks and an image, plus ground truth about where everything is."""
