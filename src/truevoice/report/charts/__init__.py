"""Charts of scores as inline SVG, light and dark by the page's own colours; each overlays any number of systems.

`Curve` is what a system gave; `Forecast` its probabilities. Each function takes a list of them and gives one `<svg>`.
"""

from truevoice.report.charts.curves import Curve, Forecast
from truevoice.report.charts.det import det_chart
from truevoice.report.charts.histogram import histogram_chart
from truevoice.report.charts.reliability import reliability_chart
from truevoice.report.charts.roc import roc_chart

__all__ = ["Curve", "Forecast", "det_chart", "histogram_chart", "reliability_chart", "roc_chart"]
