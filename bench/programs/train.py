"""What a user writes who has only Keras: python train.py EPOCHS THREADS, with model.json and data in its folder."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

epochs, threads = int(sys.argv[1]), int(sys.argv[2])
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)

train, validation = np.load("train.npz"), np.load("val.npz")
model = keras.Sequential.from_config(json.loads(Path("model.json").read_text())["config"])
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(
    train["x_train"],
    train["y_train"],
    validation_data=(validation["x_val"], validation["y_val"]),
    batch_size=32,
    epochs=epochs,
    verbose=0,
    callbacks=[
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: Path(f"epoch-{epoch}").touch()
        )
    ],
)
