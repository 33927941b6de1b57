"""Self-supervised encoders of a few thousand weights, in folders as the Hub gives them."""

from pathlib import Path


def tiny_encoder(folder: Path, kind: str = "wav2vec2", layers: int = 3) -> str:
    """A wav2vec 2.0, WavLM or Whisper, 64 wide, with random weights that are always the same."""
    import torch
    import transformers

    torch.manual_seed(0)
    if kind == "whisper":
        config = transformers.WhisperConfig(
            d_model=64,
            encoder_layers=layers,
            decoder_layers=1,
            encoder_attention_heads=1,
            decoder_attention_heads=1,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            num_mel_bins=80,
            vocab_size=64,
            pad_token_id=0,
            bos_token_id=0,
            eos_token_id=0,
            decoder_start_token_id=0,
        )
        model = transformers.WhisperModel(config)
    else:
        made_by = {"wav2vec2": transformers.Wav2Vec2Config, "wavlm": transformers.WavLMConfig}[kind]
        config = made_by(
            hidden_size=64,
            num_hidden_layers=layers,
            num_attention_heads=1,
            intermediate_size=32,
            conv_dim=[16] * 7,
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=4,
            feat_extract_norm="layer",
            do_stable_layer_norm=True,
            conv_bias=True,
        )
        model = transformers.AutoModel.from_config(config)
    model.save_pretrained(folder)
    return str(folder)
