"""Error rates of verification and identification, and what quality and calibration make of them."""
