"""The lab's art, drawn by code with the demo's drawing kit: figures, backgrounds and palettes of its own."""
