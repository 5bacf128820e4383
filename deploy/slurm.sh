#!/bin/sh
# Sixteen parts of one batch; any other --array of numbers without gaps will do:
#
#     IN=s3://bucket/in OUT=s3://bucket/out sbatch deploy/slurm.sh
#     IN=/lustre/in OUT=/lustre/out sbatch --array=0-99 --gres=gpu:1 deploy/slurm.sh
#
#SBATCH --job-name=ganfx
#SBATCH --array=0-15
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=ganfx-%A-%a.log
set -eu
: "${IN:?where the pictures are}" "${OUT:?where results go}"
export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-2}"
exec ganfx upscale "$IN" -r -o "$OUT" --shard auto -q
