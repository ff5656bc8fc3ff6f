"""The session: snapshots in, frames, origins and patches out."""
