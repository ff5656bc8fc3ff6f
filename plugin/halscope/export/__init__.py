"""What leaves: pictures, sheets, and patches as IPS and BPS."""
