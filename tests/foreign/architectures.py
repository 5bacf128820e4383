"""A tiny instance of each architecture of spandrel and of spandrel_extra_arches."""

from __future__ import annotations

import importlib
from typing import Any

from torch import nn

_SWIN = {"embed_dim": 12, "depths": [2, 2], "num_heads": [2, 2], "window_size": 8}
# By the architecture's name: its class, where that is called otherwise or not exported, and its settings. None: it
# cannot be made small.
SETTINGS: dict[str, tuple[str, dict[str, Any]] | None] = {
    "ATD": (
        "",
        {
            **_SWIN,
            "depths": [2, 2],
            "category_size": 32,
            "num_tokens": 8,
            "upscale": 2,
            "upsampler": "pixelshuffledirect",
        },
    ),
    "AuraSR": None,
    "CRAFT": ("", {"embed_dim": 12, "depths": [1], "num_heads": [2], "upscale": 2}),
    "Compact": ("", {"num_feat": 8, "num_conv": 2, "upscale": 2}),
    "DAT": ("", {"embed_dim": 32, "split_size": [4, 8], "depth": [2], "num_heads": [2], "upscale": 2}),
    "DCTLSA": ("", {"nf": 20, "num_modules": 6, "upscale": 2}),
    "DITN": ("", {"dim": 12, "ITL_blocks": 1, "SAL_blocks": 1, "upscale": 2}),
    "DRCT": (
        "",
        {
            "embed_dim": 24,
            "depths": (2,),
            "num_heads": (2,),
            "window_size": 8,
            "upscale": 2,
            "upsampler": "pixelshuffle",
        },
    ),
    "DRUNet": ("", {"in_nc": 4, "out_nc": 3, "nc": [8, 8, 8, 8], "nb": 2}),
    "DnCNN": ("", {"in_nc": 3, "out_nc": 3, "nc": 8, "nb": 17, "act_mode": "R"}),
    "ESRGAN": ("", {"num_filters": 8, "num_blocks": 2}),
    "FBCNN": ("", {"nc": [8, 8, 8, 512], "nb": 2}),
    "FDAT": ("", {"embed_dim": 16, "num_groups": 1, "depth_per_group": 2, "num_heads": 2, "scale": 2}),
    "FFTformer": ("", {"dim": 8, "num_blocks": [1, 1, 1], "num_refinement_blocks": 1}),
    "GFPGAN": None,
    "GRL": (
        "",
        {
            "embed_dim": 24,
            "depths": [2],
            "num_heads_window": [2],
            "num_heads_stripe": [2],
            "upscale": 2,
            "upsampler": "pixelshuffledirect",
        },
    ),
    "HAT": (
        "",
        {**_SWIN, "embed_dim": 60, "depths": (2,), "num_heads": (2,), "upscale": 2, "upsampler": "pixelshuffle"},
    ),
    "HVICIDNet": ("", {"channels": [8, 8, 16, 16], "heads": [1, 2, 4, 8]}),
    "IPT": ("", {"patch_size": 24, "n_feats": 8, "num_layers": 1, "num_queries": 1, "scale": [2]}),
    "KBNet": ("KBNet_s", {"width": 8, "middle_blk_num": 1, "enc_blk_nums": [1, 1], "dec_blk_nums": [1, 1]}),
    "LaMa": ("", {}),
    "MMRealSR": (
        "",
        {"num_in_ch": 3, "num_out_ch": 3, "num_feat": 8, "num_block": 1, "num_grow_ch": 8, "num_feats": [8, 8, 8, 8]},
    ),
    "MixDehazeNet": ("", {"embed_dims": [8, 16, 32, 16, 8]}),
    "MoESR": ("", {"dim": 16, "n_blocks": 1, "n_block": 1, "scale": 2}),
    "MoSR": ("", {"n_block": 1, "dim": 16, "upscale": 2}),
    "NAFNet": ("", {"width": 8, "enc_blk_nums": [1, 1], "dec_blk_nums": [1, 1]}),
    "OmniSR": ("", {"num_feat": 16, "up_scale": 2}),
    "PLKSR": ("RealPLKSR", {"dim": 8, "n_blocks": 2, "upscaling_factor": 2, "layer_norm": True}),
    "RCAN": ("", {"scale": 2, "n_resgroups": 1, "n_resblocks": 1, "n_feats": 16}),
    "RGT": ("", {"embed_dim": 32, "depth": [2], "num_heads": [2], "split_size": [8, 8], "upscale": 2}),
    "RealCUGAN": ("UpCunet2x", {}),
    "RestoreFormer": None,
    "RetinexFormer": ("", {"n_feat": 8, "stage": 1}),
    "SAFMN": ("", {"dim": 8, "n_blocks": 1, "upscaling_factor": 2}),
    "SAFMNBCIE": ("", {"dim": 8, "n_blocks": 1, "num_layers": 1, "upscaling_factor": 2}),
    "SCUNet": ("", {"config": [1, 1, 1, 1, 1, 1, 1], "dim": 32}),
    "SPAN": ("", {"num_in_ch": 3, "num_out_ch": 3, "feature_channels": 8, "upscale": 2}),
    "SeemoRe": ("", {"scale": 2, "num_experts": 2, "num_layers": 1, "embedding_dim": 8}),
    "SwiftSRGAN": ("", {"num_channels": 8, "num_blocks": 1, "upscale_factor": 2}),
    "Swin2SR": ("", {**_SWIN, "upscale": 2, "upsampler": "pixelshuffledirect"}),
    "SwinIR": ("", {**_SWIN, "upscale": 2, "upsampler": "pixelshuffledirect"}),
    "Uformer": ("", {"embed_dim": 8, "depths": [1] * 9, "dd_in": 3}),
}


# The same for those of spandrel_extra_arches.
EXTRA: dict[str, tuple[str, dict[str, Any]] | None] = {
    "AdaCode": (
        "__arch.adacode_contrast_arch.AdaCodeSRNet_Contrast",
        {"codebook_params": [[32, 16, 16]], "gt_resolution": 256, "LQ_stage": True, "scale_factor": 2},
    ),
    "CodeFormer": None,
    "DDColor": None,
    "FeMaSR": ("__arch.femasr.FeMaSRNet", {"codebook_params": [[32, 16, 16]], "LQ_stage": True, "scale_factor": 2}),
    "M3SNet": ("", {"width": 8, "enc_blk_nums": [1, 1, 1, 1]}),
    "MAT": None,
    "MIRNet2": ("__arch.mirnet_v2_arch.MIRNet_v2", {"n_feat": 16, "n_MRB": 1}),
    "MPRNet": ("", {"n_feat": 8, "scale_unetfeats": 4, "scale_orsnetfeats": 4, "num_cab": 2}),
    "Restormer": ("", {"dim": 8, "num_blocks": [1, 1, 1, 1], "num_refinement_blocks": 1, "heads": [1, 2, 2, 2]}),
    "SRFormer": (
        "",
        {
            "embed_dim": 12,
            "depths": [2, 2],
            "num_heads": [2, 2],
            "window_size": 8,
            "upscale": 2,
            "upsampler": "pixelshuffledirect",
        },
    ),
}
LIBRARIES = {"spandrel": SETTINGS, "spandrel_extra_arches": EXTRA}


def library_of(name: str) -> str:
    """The library that has the architecture."""
    return next(library for library, known in LIBRARIES.items() if name in known)


def tiny(name: str) -> nn.Module:
    """The instance for `name`, with random weights."""
    library = library_of(name)
    settings = LIBRARIES[library][name]
    assert settings is not None
    inner, _, made = (settings[0] or name).rpartition(".")
    module = importlib.import_module(".".join(filter(None, (library, "architectures", name, inner))))
    network: nn.Module = getattr(module, made)(**settings[1])
    return network.eval()
