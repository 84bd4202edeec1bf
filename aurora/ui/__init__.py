"""What pages are made of: data, frame, filters, charts, export. Pages hold no SQL longer than a few lines."""
