"""The names and colours of the CT regions; light to import, as viewers show them."""

from __future__ import annotations

MEANINGS = {
    1: "tumour, dense",
    2: "tumour, less dense or necrotic",
    3: "tumour, low density (below −150 HU)",
    4: "margin, aerated lung (below −700 HU)",
    5: "margin, interstitial or ground-glass (−700 to −200 HU)",
    6: "margin, soft tissue and vessels (above −200 HU)",
}
# Okabe and Ito, told apart by all; white instead of a second blue, which transparency would make the first
REGION_COLOURS = ("#d55e00", "#f0e442", "#cc79a7", "#0072b2", "#009e73", "#ffffff")
