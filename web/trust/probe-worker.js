// Never controls a page: that a browser accepts it at all is the answer.
