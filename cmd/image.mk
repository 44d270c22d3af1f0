# commands on images and volumes, and coracle-image
