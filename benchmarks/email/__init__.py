"""Letters a second: the e-mail family beside a loop of `smtplib`, into a mail server that only counts."""
