"""The layouts of datasets, each as the libraries read it that its users load it with."""
