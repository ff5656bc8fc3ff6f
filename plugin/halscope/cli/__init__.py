"""The halscope command."""
