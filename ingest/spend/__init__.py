"""What costs and stands on no cloud's bill: invoices, subscriptions and hours of work."""
