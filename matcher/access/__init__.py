"""Who asks, and why: no search without operator, case and purpose."""
