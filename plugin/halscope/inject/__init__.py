"""From an edited PNG back to tiles, blocks and a verified patch."""
