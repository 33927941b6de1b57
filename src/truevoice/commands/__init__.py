"""Commands: each `truevoice NAME` is one public function here, callable from Python with the same words."""
