"""What a person has done with a game: the edits, as a value. No threads, and files at the edges alone."""

from halscope.project._edit_list import MOST_STATES, Edit, EditList
from halscope.project._edit_list_json import edit_list_from_json, edit_list_to_json

__all__ = ["MOST_STATES", "Edit", "EditList", "edit_list_from_json", "edit_list_to_json"]
