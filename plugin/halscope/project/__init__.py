"""The user's edits of a game and what has been learnt about it, as values. No threads; files only at the edges."""

from halscope.project._carry import CarriedProject, carry_edit, carry_over
from halscope.project._edit_list import MOST_STATES, Edit, EditList
from halscope.project._folder import Project
from halscope.project._knowledge import (
    MOST_PALETTES,
    FigureName,
    FigureSplit,
    Knowledge,
    ProvenStart,
    SeenPalette,
    merge,
)
from halscope.project._knowledge_file import HeldKnowledge, KnowledgeFile, data_folder
from halscope.project._knowledge_json import knowledge_from_json, knowledge_to_json
from halscope.project._own_folder import open_own_project, own_project_folder
from halscope.project._pictures import edited_pixels, step_picture
from halscope.project._rom_notes import Ranges, RomLabel
from halscope.project._sheet_names import is_sheet_name, sheet_name
from halscope.project._state import LeftEdit, LeftState, ProjectState, RomBase, new_project
from halscope.project._state_json import project_from_json, project_to_json

__all__ = [
    "MOST_PALETTES",
    "MOST_STATES",
    "CarriedProject",
    "Edit",
    "EditList",
    "FigureName",
    "FigureSplit",
    "HeldKnowledge",
    "Knowledge",
    "KnowledgeFile",
    "LeftEdit",
    "LeftState",
    "Project",
    "ProjectState",
    "ProvenStart",
    "Ranges",
    "RomBase",
    "RomLabel",
    "SeenPalette",
    "carry_edit",
    "carry_over",
    "data_folder",
    "edited_pixels",
    "is_sheet_name",
    "knowledge_from_json",
    "knowledge_to_json",
    "merge",
    "new_project",
    "open_own_project",
    "own_project_folder",
    "project_from_json",
    "project_to_json",
    "sheet_name",
    "step_picture",
]
