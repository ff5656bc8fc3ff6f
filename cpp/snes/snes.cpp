// Placeholder translation unit, replaced by the library's own files.
