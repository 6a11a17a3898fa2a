"""What is kept on disk stays true, whatever breaks."""
