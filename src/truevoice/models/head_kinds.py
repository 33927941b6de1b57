"""The names of the cosine heads; apart from `heads`, so that a card can be checked without torch."""

OC_SOFTMAX, AM_SOFTMAX = "oc-softmax", "am-softmax"
HEADS = {OC_SOFTMAX: 1, AM_SOFTMAX: 2}  # and how many cosines each gives
