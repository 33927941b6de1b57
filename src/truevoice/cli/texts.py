"""What `--help` says of each command. It stands apart from the commands so that `truevoice --help` imports none."""

MAIN = "Is this voice bona fide (human) or spoofed (synthetic), where, and how sure?"
MAIN_EXAMPLES = """Examples:

    truevoice score voice.mp3
    truevoice score interviews/ -o results/
    truevoice models

Every command has its own --help. A higher score is more bona fide, everywhere."""

SCORE = (
    "Score recordings: P(spoof), a verdict, and the seconds that gave it away.\n\n"
    "Sources are files, folders, quoted patterns, lists of paths (.txt, or .csv with a column path) and - for standard "
    "input. A recording that cannot be read is a row with its error; the rest is scored. With -o, a run that was "
    "stopped goes on where it was when the same command is given again.\n\n"
    "Exit status: 0 all scored, 2 some failed, 1 the request was wrong."
)
SCORE_EXAMPLES = """Examples:

    truevoice score voice.mp3
    truevoice score calls/ 'tapes/**/*.wav' list.txt -o out/ -f csv,html
    ffmpeg -i show.mkv -f wav - | truevoice score -
    truevoice score clip.flac -m aasist --checkpoint AASIST.pth --windows first"""

MODELS = "List the detectors: size, engine, training data, licence, error rates, speed."
MODELS_EXAMPLES = """Examples:

    truevoice models
    truevoice models --format json
    truevoice models fetch aasist"""

FETCH = "Get a model's published weights, check their size and sha256, and keep them in the cache."
FETCH_EXAMPLES = """Examples:

    truevoice models fetch aasist
    truevoice models fetch aasist-l -o weights/"""

DATA = "List the published data sets that are known here."
DATA_EXAMPLES = """Examples:

    truevoice data
    truevoice data info in-the-wild"""

INFO = "Say where a published data set lies, its size and checksums, how its labels read, and its traps."
INFO_EXAMPLES = """Examples:

    truevoice data info fake-or-real
    truevoice data info asvspoof2019-la --format json"""
