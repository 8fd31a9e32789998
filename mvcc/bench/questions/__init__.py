"""What is asked, one file a question: each function makes a Question of a stock of stores."""
