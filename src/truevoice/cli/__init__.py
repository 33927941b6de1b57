"""The command line, thin: parse, call one public function of `truevoice.commands`, print."""

STDIN_WORD = "<standard input>"  # the parser takes a lone "-" for an option, so it travels under this name
