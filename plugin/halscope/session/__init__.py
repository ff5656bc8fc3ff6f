"""The session: snapshots in, frames, origins and patches out."""

from halscope.session._session import Dispatch, Locate, Session, Update

__all__ = ["Dispatch", "Locate", "Session", "Update"]
