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

EVALUATE = (
    "Evaluate a detector on a labelled set, or a score file that anyone made.\n\n"
    "Gives EER, AUC, accuracy, sensitivity, specificity, PPV, NPV, detection costs, Cllr, with confidence "
    "intervals; all by attack, speaker, language and codec; findings where a figure cannot be believed; with -o a "
    "report with pictures and players. A published model hears its authors' window here, unless --windows says "
    "otherwise. With -o, a run that was stopped goes on where it was.\n\n"
    "Exit status: 0 all evaluated, 2 some recordings could not be scored, 1 the request was wrong."
)
EVALUATE_EXAMPLES = """Examples:

    truevoice evaluate release_in_the_wild -o report/
    truevoice evaluate test.csv --dev dev.csv --by attack,speaker --cluster speaker -o report/
    truevoice evaluate for-norm --split test -m aasist --checkpoint AASIST.pth
    truevoice evaluate test.csv -o report/ --log-to tensorboard,trackio
    truevoice evaluate --scores scores.txt --key trial_metadata.txt --subset eval
    truevoice evaluate --scores others.csv --score-means spoof --label-map 1=spoof,0=bonafide"""

CALIBRATE = (
    "Make log-likelihood ratios, P(spoof) and named thresholds of a detector's scores.\n\n"
    "The file it writes is for --calibration of score and evaluate, its thresholds (balanced, eer, low-false-alarm, "
    "high-recall) for --threshold. It belongs to one detector, its weights and its windows."
)
CALIBRATE_EXAMPLES = """Examples:

    truevoice calibrate -m aasist --checkpoint AASIST.pth --dev dev/ -o cal.json
    truevoice score talk.mp3 -m aasist --checkpoint AASIST.pth --calibration cal.json --threshold low-false-alarm
    truevoice calibrate --scores dev-scores.csv -o cal.json"""

DOCTOR = (
    "Find out whether figures or scores can be believed, and whether this machine is fit.\n\n"
    "Alone it checks the environment. With a score file it looks for flipped polarity, ties, rounding, constant "
    "scores, one class, duplicates, NaN, leaks, and compares --eer and --auc with the scores. With --eer and --auc "
    "alone it says whether a ROC curve can have both; with figures of one operating point, whether they agree, and at "
    "which share of positives. Give figures as printed: 0.50 says more than 0.5.\n\n"
    "Exit status: 0 nothing is wrong, 3 a figure or a score list cannot stand, 1 the request or this machine is wrong."
)
DOCTOR_EXAMPLES = """Examples:

    truevoice doctor
    truevoice doctor --eer 0.534 --auc 0.9864
    truevoice doctor scores.csv --eer 6.71% --auc 0.979
    truevoice doctor scores.txt --key trial_metadata.txt --subset eval --score-means spoof
    truevoice doctor --accuracy 0.725 --sensitivity 0.821 --specificity 0.568 --n-pos 1907 --n-neg 1718"""

MODELS = "List the detectors: size, engine, training data, licence, error rates, speed."
MODELS_EXAMPLES = """Examples:

    truevoice models
    truevoice models --format json
    truevoice models fetch aasist"""

FETCH = "Get a model's published weights, check their size and sha256, and keep them in the cache."
FETCH_EXAMPLES = """Examples:

    truevoice models fetch aasist
    truevoice models fetch aasist-l -o weights/"""

DATA = "List the published data sets that are known here; scan one that lies on disk."
DATA_EXAMPLES = """Examples:

    truevoice data
    truevoice data info in-the-wild
    truevoice data scan release_in_the_wild/"""

SCAN = (
    "Say what a data set on disk is and holds, what is wrong with it, and write its manifest.\n\n"
    "A folder is known by its manifest.csv, by the layout of a published set (Fake-or-Real, In-the-Wild, ASVspoof "
    "2019, 2021 and 5, WaveFake, LibriSeVoc, MLAAD), or by folders called real and fake. A table is CSV with any "
    "delimiter, JSON lines or Parquet. Counted are labels, splits, speakers, attacks, languages, codecs, formats, "
    "rates, lengths; listed are recordings without label, missing, repeated, empty, unreadable, or with the same "
    "content.\n\n"
    "The manifest goes into the folder as manifest.csv where there is none yet, or to -o.\n\n"
    "Exit status: 0 all is readable, 2 some recordings are empty or unreadable, 1 the request was wrong."
)
SCAN_EXAMPLES = """Examples:

    truevoice data scan for-norm/
    truevoice data scan LA/ -o la.csv
    truevoice data scan list.tsv --path-column wav --label-column target --label-map 1=spoof,0=bonafide -o manifests/
    truevoice data scan big-set/ --quick --format json"""

INFO = "Say where a published data set lies, its size and checksums, how its labels read, and its traps."
INFO_EXAMPLES = """Examples:

    truevoice data info fake-or-real
    truevoice data info asvspoof2019-la --format json"""

CONVERT = (
    "Write a checkpoint as model.safetensors and config.json, and as graphs that run without torch.\n\n"
    "The model is told from the file's keys. The folder says what it is, where it came from (sha256), its window, "
    "polarity and licence; --model DIR loads it, with scores equal to the last bit. Each form that is not exact is "
    "measured: the largest difference of scores from float32, printed and kept in its description."
)
CONVERT_EXAMPLES = """Examples:

    truevoice convert LA_model.pth -o la/
    truevoice convert LA_model.pth -o la/ --onnx --int8 --clips recordings/
    truevoice score voice.mp3 -m la/
    truevoice score voice.mp3 -m la/model.onnx"""

INSPECT = (
    "Say what a checkpoint is: its family, keys, dimensions, and whether it is safe to open.\n\n"
    "Takes PyTorch files, safetensors, folders of 'truevoice convert' and ONNX graphs. Of an unknown file it names the "
    "nearest family and the differences. Nothing in the file is run, whatever it holds.\n\n"
    "Exit status: 0 it can be read, 1 it is damaged, unsafe or no weight file at all."
)
INSPECT_EXAMPLES = """Examples:

    truevoice inspect LA_model.pth
    truevoice inspect xlsr2_300m.pt
    truevoice inspect unknown.pth --format json"""

TRAIN = (
    "Train or fine-tune any detector of the register on a labelled set.\n\n"
    "What it starts from, which layers learn, loss, augmentation, division of the data: all are options, all have a "
    "place in one YAML file (--print-config shows it, --config takes it, the run's folder keeps it). Each epoch is "
    "measured on all trials of validation and of every --test set; best/ is the epoch that validation chose, and "
    "every command takes it as --checkpoint RUN/best. A run that was stopped goes on with --resume.\n\n"
    "Several processes: torchrun --nproc-per-node 2 -m truevoice train ...\n\n"
    "Exit status: 0 all went well, 2 some recordings could not be used, 1 the request was wrong or training failed."
)
TRAIN_EXAMPLES = """Examples:

    truevoice train --preset mel-cnn --data release_in_the_wild --hold-out "Alec Guinness" -o runs/mel
    truevoice train -m aasist --checkpoint AASIST.pth --data for-norm -o runs/for --epochs 3 --trainable first:5+last:5
    truevoice train --preset ssl-anti-spoofing-df --encoder xlsr2_300m.pt --data for-2sec -o runs/ssl --precision bf16
    truevoice train --config runs/mel/config.yaml -o runs/again --seeds 3
    truevoice train --preset mel-cnn --data mine --subset-study 10%,50%,100% --test wild=in_the_wild -o runs/shares"""

COMPARE = (
    "Compare two finished runs, or score files, on the same recordings: is the difference more than chance?\n\n"
    "Takes folders of evaluate, runs of train (their sets are matched by name) and score files. Trials are joined by "
    "name. For each set: EER, AUC and accuracy of both with intervals, the change with its interval and a paired "
    "p-value, corrected for all that is tested; with -o a report with overlaid curves and the recordings that flipped. "
    "What the doctor finds wrong with either side is said first.\n\n"
    "Exit status: 0 compared, 1 the request was wrong."
)
COMPARE_EXAMPLES = """Examples:

    truevoice compare before/ after/ -o difference/
    truevoice compare runs/a runs/b --cluster speaker
    truevoice compare ours.csv theirs.txt --key trial_metadata.txt --score-means bonafide,spoof"""

STUDY = (
    "Evaluate a detector, fine-tune it, evaluate it again on every set, and say what changed and whether it "
    "generalises.\n\n"
    "The custom set is never trained on; the set of --finetune-on is divided as in train, and its test split, where it "
    "has one, is a set too; --test NAME=DIR adds others. Every option of train may be given. A study that was stopped "
    "goes on at the stage where it was when the same command is given again.\n\n"
    "Exit status: 0 done, 2 done but some recordings could not be used, 1 the request was wrong."
)
STUDY_EXAMPLES = """Examples:

    truevoice study -m aasist --pretrained AASIST.pth --custom mine/ --finetune-on for-norm/ --epochs 3 -o study/
    truevoice study --pretrained runs/a/best --custom mine/ --finetune-on for-norm/ --trainable last:2 -o study/
    truevoice study -m mel-cnn --pretrained runs/b/best --custom mine.csv --finetune-on for-norm/ --test itw=itw/ \\
        --max-train 600 -o study/"""

TUNE = (
    "Search for settings: many trainings on one validation set, by grid, at random, or with TPE.\n\n"
    "All options of train hold for every trial; --vary, --space or a preset say what differs. Trials may stop early "
    "(--prune) and several processes may share a search (--jobs, or the same command again). A search that was stopped "
    "or killed goes on with the same command; more --trials make it longer. In -o: a run a trial, trials.csv, "
    "study.json, best.yaml for train --config, and a report with pictures. The best figure on validation is "
    "optimistic: judge it on a test set that took no part.\n\n"
    "Exit status: 0 all trials went well, 2 some failed, 1 the request was wrong or all failed."
)
TUNE_EXAMPLES = """Examples:

    truevoice tune --preset mel-cnn-grid --data release_in_the_wild --hold-out "Alec Guinness" -o searches/mel --jobs 2
    truevoice tune -m aasist --checkpoint AASIST.pth --data for-norm -o searches/for --trials 12 --epochs 3 \\
        --vary optimiser.lr=1e-6..1e-4:log --vary loss.class_weights=none,field,balanced --prune median
    truevoice tune --config runs/mel/config.yaml --space space.yaml --method random --trials 30 -o searches/s"""

LEAKS = (
    "Look for leaks between training, validation and test sets, and for what gives the class away without a voice.\n\n"
    "The set is divided as 'truevoice train' would divide it. Between each two sets: shared speakers, the same sound "
    "in any format or level, near-identical names. In each set: how well length, level, silence, bandwidth, format, "
    "rate and channels tell the classes apart, each by itself (AUC, a warning over 0.7) and all together (a "
    "gradient-boosted tree, where scikit-learn is installed); columns of the manifest such as language or orig_rate "
    "are judged as well. At most the first minute of a recording is decoded.\n\n"
    "Exit status: 0 the report is made, 3 it has warnings and --strict was given, 1 the request was wrong."
)
LEAKS_EXAMPLES = """Examples:

    truevoice data leaks for-norm/
    truevoice data leaks release_in_the_wild/ --hold-out 'Alec Guinness' -o leaks.json
    truevoice data leaks mine/ --train-splits train,val --test wild=release_in_the_wild/ --strict"""
