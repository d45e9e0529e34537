"""Generated fingerprints: no real person's print, the same print for the same seed and library versions.

The method is SFinGe (R. Cappelli, D. Maio, D. Maltoni: "Synthetic fingerprint-database generation", ICPR 2002;
Handbook of Fingerprint Recognition, chapter 6): orientation field from singular points, frequency map, ridge pattern
grown from seeds with Gabor filters, then impressions with skin distortion, pressure, contact area and noise. Two things
differ, so that minutiae point both ways as in real fingers: relaxation.py and dislocations.py.

    master = master_print(7)                 # the finger, once
    pixels = impression(master, 1)           # one capture of it: uint8 (height, width), dark ridges, 500 ppi
"""

from benchmarks.generated_prints.impression import CaptureConditions, impression
from benchmarks.generated_prints.master import MasterPrint, master_print
from benchmarks.generated_prints.singularities import PatternClass

__all__ = ["CaptureConditions", "MasterPrint", "PatternClass", "impression", "master_print"]
