"""Other people's model files written as ONNX with a contract, without torch where that is possible."""
