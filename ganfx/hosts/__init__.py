"""Installing and diagnosing the plug-ins of painting programs ("hosts").

Modules: machine and table (what is known of computers and hosts, as data), programs (find a host's executable and run
it without a window), installations (folders for plug-ins, and the state of a plug-in there), bundle (the files of a
plug-in), installer and kritarc (install and uninstall), doctor (diagnosis), probe (runs inside a host for doctor).
"""
