"""Labels: names of places in a ROM, as debuggers, assemblers and disassemblers store them."""

from halscope.formats.labels._mesen import write_mesen_labels
from halscope.formats.labels._model import Label, LabelFile
from halscope.formats.labels._read import LABEL_BYTES, read_labels

__all__ = ["LABEL_BYTES", "Label", "LabelFile", "read_labels", "write_mesen_labels"]
