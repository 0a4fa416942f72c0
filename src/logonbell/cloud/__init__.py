"""The AWS side: one CloudFormation stack, what it holds, and how it is set up and taken down."""
