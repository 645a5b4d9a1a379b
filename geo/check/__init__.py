"""What is wrong with a round: findings over rows and layers, beyond what a layer's own declaration tells."""
