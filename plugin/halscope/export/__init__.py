"""Exports: pictures, sheets, and IPS and BPS patches."""
