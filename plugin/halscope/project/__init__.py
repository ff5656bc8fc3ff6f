"""The user's edits of a game and what has been learnt about it, as values. No threads; files only at the edges."""

from halscope.project._edit_list import MOST_STATES, Edit, EditList
from halscope.project._edit_list_json import edit_list_from_json, edit_list_to_json
from halscope.project._knowledge import MOST_PALETTES, FigureName, Knowledge, ProvenStart, SeenPalette, merge
from halscope.project._knowledge_file import KnowledgeFile, data_folder
from halscope.project._knowledge_json import knowledge_from_json, knowledge_to_json
from halscope.project._rom_notes import Ranges, RomLabel

__all__ = [
    "MOST_PALETTES",
    "MOST_STATES",
    "Edit",
    "EditList",
    "FigureName",
    "Knowledge",
    "KnowledgeFile",
    "ProvenStart",
    "Ranges",
    "RomLabel",
    "SeenPalette",
    "data_folder",
    "edit_list_from_json",
    "edit_list_to_json",
    "knowledge_from_json",
    "knowledge_to_json",
    "merge",
]
