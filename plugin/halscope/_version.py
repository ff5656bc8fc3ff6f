"""The version, in a module of its own: subpackages need it and never import `halscope` itself."""

__version__ = "0.1.0"
