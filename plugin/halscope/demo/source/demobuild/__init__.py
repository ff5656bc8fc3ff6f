"""The demo ROM's build: art to tiles to packed blocks to an image, and the truth about where everything went."""
